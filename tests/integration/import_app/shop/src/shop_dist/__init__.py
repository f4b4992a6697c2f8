def main():
    return "sold"
