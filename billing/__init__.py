"""Plans, limits and payment providers; its models arrive with their own features."""
