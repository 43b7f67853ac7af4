"""Data that the chapters train on."""
