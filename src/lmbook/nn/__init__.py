"""The networks that the chapters derive, each in the module of its family."""
