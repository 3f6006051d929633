"""The flow's stages as software-defined assets, one file a stage, in the flow's order.

landing → silver → zones → masked → public → warehouse. Each is thin: read, call the domain, write,
attach metadata. What does not belong here: any computation that could be tested without Dagster.
"""
