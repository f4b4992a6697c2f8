"""What a binary consists of and under which licenses: evidence, verdicts, policy, reports."""
