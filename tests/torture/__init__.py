"""Long runs that try to break promises; short forms of them are among the tests."""
