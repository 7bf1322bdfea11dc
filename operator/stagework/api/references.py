"""How a manifest names other objects of its own namespace, and keys within them."""

from typing import Annotated

from pydantic import StringConstraints

from stagework.api.base import Resource

ObjectName = Annotated[
    str,
    StringConstraints(
        pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        min_length=1,
        max_length=253,
    ),
]
KeyName = Annotated[
    str,
    StringConstraints(pattern="^[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$", min_length=1, max_length=253),
]


class KeyRef(Resource):
    """A key of a ConfigMap or Secret in the run's own namespace."""

    name: ObjectName
    """Name of the ConfigMap or Secret."""
    key: KeyName
    """Key within it."""
    optional: bool = False
    """True: start without the variable where the object or the key is missing."""


class WholeRef(Resource):
    """All keys of a ConfigMap or Secret in the run's own namespace."""

    name: ObjectName
    """Name of the ConfigMap or Secret."""
    optional: bool = False
    """True: start without its variables where the object is missing."""


class PullSecret(Resource):
    """A Secret with which images are pulled; each namespace has its own of that name."""

    name: ObjectName
    """Name of a Secret of type `kubernetes.io/dockerconfigjson`."""
