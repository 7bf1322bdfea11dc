"""Tickets: who has signed in speaks for ten minutes without asking the API server who they are."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from stagework.api.base import Observed, Time
from stagework.web.auth.authentication import TICKETS_PATH
from stagework.web.auth.tickets import TICKET_SECONDS
from stagework.web.routes.services import CallerParam, ServicesParam

router = APIRouter()


class Ticket(Observed):
    """Answer of `POST /v1/tickets`."""

    ticket: str
    """Sent as a bearer token."""
    user: str
    """Whose it is."""
    expires: Time
    """Until when it is good."""


@router.post(TICKETS_PATH, status_code=201)
async def give_ticket(caller: CallerParam, services: ServicesParam) -> Ticket:
    """A ticket of ten minutes for who shows `Authorization: SignIn NAMESPACE/NAME/SECRET`.

    A SignIn is taken once; the admission policy about them must be in force.
    """
    user = services.authorization.signed_in(caller)
    ends = datetime.fromtimestamp(services.wall_clock(), UTC) + timedelta(seconds=TICKET_SECONDS)
    return Ticket(ticket=services.tickets.give(user), user=user.name, expires=ends)
