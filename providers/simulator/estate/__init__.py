"""All hosts of a world as one: founded, called, and kept between runs."""
