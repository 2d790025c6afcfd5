"""Guided enrolment: what is seen, what is asked of whoever stands there, which pictures are chosen, and the page."""
