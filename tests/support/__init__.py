"""What the tests stand on: servers, fakes and helpers of their own."""
