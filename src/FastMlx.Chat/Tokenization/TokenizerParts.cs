namespace FastMlx.Chat.Tokenization;

/// <summary>Everything that a tokenizer's file says, ready to use.</summary>
internal sealed record TokenizerParts
{
    public required TokenModel Model { get; init; }

    public required TokenVocabulary Vocabulary { get; init; }

    public required NormalizerChain Normalizer { get; init; }

    public required PreTokenizerStep[] PreTokenizer { get; init; }

    public required PostProcessor PostProcessor { get; init; }

    public required DecoderPlan Decoder { get; init; }

    public Truncation? Truncation { get; init; }

    public Padding? Padding { get; init; }
}
