"""Exporters of finished spans, and the detached sender that runs them."""
