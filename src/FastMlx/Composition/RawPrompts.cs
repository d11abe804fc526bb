using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>The prompts of a completion as tokens.</summary>
internal static class RawPrompts
{
    private static readonly (string Prefix, string Suffix, string Middle)[] Infillings =
    [
        ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        ("<PRE>", "<SUF>", "<MID>"),
    ];

    /// <summary>One prompt a choice; an error where one cannot be made of this model's tokens.</summary>
    public static ApiError? TryBuild(LoadedModel model, CompletionRequest request, out List<ChatPrompt> prompts)
    {
        prompts = [];
        foreach (CompletionPrompt prompt in request.Prompts)
        {
            ApiError? error = TryBuild(model, prompt, request.Suffix, out List<int> tokens);
            if (error is not null)
                return error;
            prompts.Add(new ChatPrompt
            {
                Tokens = [.. tokens],
                Checkpoints = [],
                CheckpointNames = [],
                ReasoningOpen = false,
            });
        }

        return null;
    }

    /// <summary>The prompt's text, to be given back.</summary>
    public static string TextOf(LoadedModel model, CompletionPrompt prompt) =>
        prompt.Text ?? model.Text.Tokenizer.Tokenizer.Decode(prompt.Tokens, skipSpecial: false);

    private static ApiError? TryBuild(
        LoadedModel model, CompletionPrompt prompt, string? suffix, out List<int> tokens)
    {
        tokens = [];
        if (prompt.Tokens is { } given)
            return TryTake(model, given, tokens);
        if (string.IsNullOrEmpty(suffix))
        {
            tokens = model.Text.Tokenizer.Tokenizer.EncodeAsReference(prompt.Text, addSpecial: true);
            return tokens.Count > 0 ? null : ApiErrors.Invalid("The prompt is empty.", "prompt");
        }

        foreach ((string begin, string gap, string middle) in Infillings)
        {
            if (model.Text.Tokenizer.Tokenizer.TokenToId(begin) is null
                || model.Text.Tokenizer.Tokenizer.TokenToId(middle) is null)
                continue;
            tokens = model.Text.EncodeMarkup(begin + prompt.Text + gap + suffix + middle);
            return null;
        }

        return ApiErrors.Invalid(
            "This model's vocabulary has no tokens for filling in the middle: leave suffix out.", "suffix");
    }

    private static ApiError? TryTake(LoadedModel model, int[] given, List<int> tokens)
    {
        int vocabulary = model.Generator.Model.VocabSize;
        foreach (int id in given)
        {
            if (id < 0 || id >= vocabulary)
                return ApiErrors.Invalid($"Token {id} is not in the vocabulary of {vocabulary} tokens.", "prompt");
        }

        tokens.AddRange(given);
        return given.Length > 0 ? null : ApiErrors.Invalid("The prompt is empty.", "prompt");
    }
}
