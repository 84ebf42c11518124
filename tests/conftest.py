"""What holds for every test in Python."""


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than 3 s, mostly waiting; left out by scripts/test --quick")
