# /// script
# dependencies = ["tokenizers"]
# ///
"""A Rust library with a thread pool and callbacks; a panic that becomes an exception."""

import tokenizers

tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
trainer = tokenizers.trainers.BpeTrainer(vocab_size=60, show_progress=False)
tokenizer.train_from_iterator(["low lower lowest", "new newer newest"] * 20, trainer)
print(tokenizer.encode("lower newest").tokens, tokenizer.get_vocab_size())
print([e.tokens for e in tokenizer.encode_batch(["low"] * 3)])
try:
    tokenizers.Tokenizer.from_str("{broken")
except Exception as error:
    print(type(error).__name__, str(error)[:40])
