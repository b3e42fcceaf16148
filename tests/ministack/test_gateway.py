"""What API Gateway itself answers, before any function is called.

The local one leaves out the texts and headers of refusals and preflights; tests/unit/test_template_gateway.py has them.
"""

from __future__ import annotations

import httpx

from local.stack import PracticeStack


def test_there_is_no_second_stage(deployed: PracticeStack) -> None:
    signed_in = {"Authorization": deployed.api.token}
    url = deployed.deployed.api_url
    assert httpx.get(f"{url}/clients", headers=signed_in).status_code == 200
    second = f"{url.rpartition('/')[0]}/Stage/clients"
    assert httpx.get(second, headers=signed_in).status_code in (403, 404)


def test_by_default_no_page_of_another_origin_may_read_anything(deployed: PracticeStack) -> None:
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    url = f"{deployed.deployed.api_url}/clients"
    answers = [httpx.options(url, headers=preflight), httpx.get(url, headers={"Origin": "https://a.example"})]
    assert not [answer for answer in answers if "Access-Control-Allow-Origin" in answer.headers]
