"""A simulated estate of Exchange and Lync servers, reached over WS-Management as real ones are."""
