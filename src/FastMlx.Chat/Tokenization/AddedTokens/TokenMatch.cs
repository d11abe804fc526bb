namespace FastMlx.Chat.Tokenization;

/// <summary>A stretch of text, in bytes: an added token, or text between added tokens where the id is -1.</summary>
internal readonly record struct TokenMatch(int Start, int End, int Id);
