"""The table is tried in a town whose agents are rows only."""

from tests.operations.conftest import town as town
