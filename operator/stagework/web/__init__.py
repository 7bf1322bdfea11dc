"""The API service: artifacts, heartbeats and inputs of stage Pods; downloads and uploads of people.

A request passes in this order: the gate (who are you?), the route's own rule (may you do this
to that object?), the store. Nothing but the health routes is open without a proof.
"""
