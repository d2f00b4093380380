"""All hosts of a world: built, called, and kept between runs."""
