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

            var next = HashModel.Sample(hash, length, request.Sampling.Normalised());
            if (request.StopTokens.Contains(next))
            {
                return (tokens, FinishReason.Stop);
            }

            tokens.Add(next);
            hash = HashModel.Extend(hash, next);
            length++;
        }
    }
}
