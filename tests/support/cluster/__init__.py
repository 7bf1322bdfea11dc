"""What a story on the kind cluster is told with: kubectl, a namespace, conditions to wait for."""
