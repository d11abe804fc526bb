using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

/// <summary>What a request must receive: the same as alone and cold, computed without an engine.</summary>
public static class Cold
{
    public static (List<int> Tokens, FinishReason Reason) Answer(GenerationRequest request, int contextLength)
    {
        var tokens = new List<int>();
        var hash = HashModel.Seed;
        foreach (var token in request.Prompt)
        {
            hash = HashModel.Extend(hash, token);
        }

        var length = request.Prompt.Length;
        while (true)
        {
            if (tokens.Count >= request.MaxTokens)
            {
                return (tokens, FinishReason.MaxTokens);
            }

            if (length >= contextLength)
            {
                return (tokens, FinishReason.ContextFull);
            }

            var next = request.Adjust is not null
                ? HashAdjust.Expected(request, tokens).Sample(hash, length, request.Sampling.Normalised())
                : HashModel.Sample(hash, length, request.Sampling.Normalised());
            if (request.StopTokens.Contains(next))
            {
                return (tokens, FinishReason.Stop);
            }

            tokens.Add(next);
            hash = HashModel.Extend(hash, next);
            length++;
        }
    }

    /// <summary>
    /// Log-probabilities of the prompt's tokens from the second one on, and of an answer, with their alternatives.
    /// </summary>
    public static (List<TokenLogprob[]> Prompt, List<TokenLogprob[]> Answer) Logprobs(
        GenerationRequest request, IReadOnlyList<int> answer)
    {
        var hash = HashModel.Seed;
        List<TokenLogprob[]> all = [];
        int[] tokens = [.. request.Prompt, .. answer];
        for (var i = 0; i < tokens.Length; i++)
        {
            var top = new TokenLogprob[Math.Max(0, i < request.Prompt.Length ? request.PromptLogprobs : request.Logprobs)];
            HashLogprobs.Top(hash, top);
            all.Add([new TokenLogprob(tokens[i], HashLogprobs.Of(hash, tokens[i])), .. top]);
            hash = HashModel.Extend(hash, tokens[i]);
        }

        return (all[1..request.Prompt.Length], all[request.Prompt.Length..]);
    }
}
