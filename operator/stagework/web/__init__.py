"""The API service: artifacts, heartbeats and inputs of stage Pods; downloads and uploads of people.

A request passes in this order: authentication (who are you?), the route's own rule (may you do
this to that object?), the store. Nothing but the health routes is open without a proof.

Only here is the web framework known. It reads the cluster and writes nothing to it; it keeps no
state that a restart must not lose, and it decides nothing about a run: that is the operator's.
"""
