# bench: measurements against peers
