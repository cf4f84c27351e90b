"""Sign in, who am I, and the keys of programs."""
