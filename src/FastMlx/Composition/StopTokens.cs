using FastMlx.Chat.Tokenization;
using FastMlx.Configuration;
using FastMlx.Hub;

namespace FastMlx.Composition;

/// <summary>The ids that end an answer: the configuration files', the tokenizer's eos_token, and EOS_TOKEN.</summary>
internal static class StopTokens
{
    /// <exception cref="OptionsException">EOS_TOKEN is not a token of this model.</exception>
    public static int[] Of(ServerOptions options, ModelConfig config, TokenizerFolder tokenizer)
    {
        var ids = new SortedSet<int>(config.EosTokens);
        if (tokenizer.SpecialTokenId("eos_token") is { } eos)
            ids.Add(eos);
        if (options.EosToken is { } text)
        {
            ids.Add(tokenizer.Tokenizer.TokenToId(text) ?? throw new OptionsException(
                $"EOS_TOKEN is '{text}' but must be one token of the model's vocabulary, such as "
                + $"{tokenizer.SpecialTokens.GetValueOrDefault("eos_token", "<|endoftext|>")}."));
        }

        return [.. ids];
    }
}
