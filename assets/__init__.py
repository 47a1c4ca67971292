"""Dagster assets: one thin module a stage, each wrapping the library step of the same name; and the jobs over them."""
