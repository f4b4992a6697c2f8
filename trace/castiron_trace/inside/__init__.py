"""What runs inside the target interpreter: only the standard library, modulegraph2, and no code of what is analysed."""
