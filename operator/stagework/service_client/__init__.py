"""What the operator asks of and tells the API service: results, outcomes, facts, heartbeats.

Each module is one question, as a Protocol and the client that asks it over HTTP, as the operator's
ServiceAccount. It decides nothing: a plan says what to ask, and a service that does not answer is
an error to be asked again, never an answer. It knows nothing of the cluster or of the stores that
stand behind the service.
"""
