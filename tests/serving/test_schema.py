"""The description of the API is true: whatever is sent, the answers are those that it declares."""

from __future__ import annotations

import json

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.serving.conftest import CLASSES

from fashion_classifier.serving.schemas import Predictions

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_examples_and_errors_are_declared(server):
    description = server.ask("GET", "/openapi.json").json()
    predict = description["paths"]["/v1/predict"]["post"]
    assert {"400", "401", "413", "415", "422", "503", "504"} <= set(predict["responses"])
    for status, answer in predict["responses"].items():
        for kind, content in answer["content"].items():
            assert content["example"], (status, kind)
    example = predict["responses"]["200"]["content"]["application/json"]["example"]
    Predictions.model_validate(example)
    assert example["images"][0]["class"] == CLASSES[0]
    sent = predict["requestBody"]["content"]["application/json"]["example"]
    assert server.ask("POST", "/v1/predict", json=sent).status_code == 200
    assert "ValidationError" not in json.dumps(description)


@pytest.mark.slow
def test_nothing_that_is_sent_is_answered_otherwise_than_declared(start):
    process = start("--drain", "0")
    schema = schemathesis.openapi.from_url(process.base + "/openapi.json")
    operations = [schema[path][method.upper()] for path in schema for method in schema[path]]
    assert len(operations) == 5
    for operation in operations:
        for mode in GenerationMode if operation.method == "post" else [GenerationMode.POSITIVE]:
            hold_to_declaration(operation.as_strategy(generation_mode=mode), 200 if operation.method == "post" else 5)
    figures = httpx.get(process.base + "/metrics").text
    for status in ("200", "400", "415", "422"):  # so much was tried
        assert f'fashion_requests_total{{path="/v1/predict",status="{status}"}}' in figures
    assert 'status="500"' not in figures
    assert process.end() == 0


def hold_to_declaration(strategy, n_cases):
    """Send cases and check what comes back."""

    @given(strategy)
    @settings(max_examples=n_cases, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def hold(case):
        case.call_and_validate(checks=CHECKS)

    hold()
