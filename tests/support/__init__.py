"""What tests share; ``tests`` says which module is for what. Nothing here is a test."""
