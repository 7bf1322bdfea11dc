"""The dev cluster: a kind cluster, the tools and the images that stagework's tests need.

``python3 -m hack.devcluster --help`` lists what it does. Standard library only: it runs before
any virtual environment exists.
"""
