"""What API Gateway itself answers, before any function is called."""

from __future__ import annotations

import httpx

from local.stack import PracticeStack


def test_there_is_no_second_stage(deployed: PracticeStack) -> None:
    signed_in = {"Authorization": deployed.api.token}
    url = deployed.deployed.api_url
    assert httpx.get(f"{url}/clients", headers=signed_in).status_code == 200
    second = f"{url.rpartition('/')[0]}/Stage/clients"
    assert httpx.get(second, headers=signed_in).status_code in (403, 404)
