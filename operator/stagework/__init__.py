"""stagework: multi-stage work as Kubernetes resources; operator, API service and command line.

Layers from the edge (cli, controllers, web) to the words (api); what decides is pure. Nothing
stands here itself.
"""
