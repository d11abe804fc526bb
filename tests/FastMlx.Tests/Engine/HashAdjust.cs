using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

/// <summary>
/// An adjustment as the hash model understands it: all of it goes into the sample's hash, so that a missing, foreign or
/// late token among those seen changes the answer; banned tokens are passed over.
/// </summary>
internal sealed class HashAdjust(
    float[] penalties, (int Id, float Value)[] bias, List<int> seen, int seenPrompt, int[] targets, uint[]? mask = null)
{
    private bool Penalises => penalties[0] != 0 || penalties[1] != 0 || penalties[2] != 1;

    public static HashAdjust? Of(int row, in StepAdjusts adjusts)
    {
        foreach (var one in adjusts.Rows)
        {
            if (one.Row == row)
            {
                var bias = new (int, float)[one.BiasCount];
                for (var i = 0; i < bias.Length; i++)
                {
                    bias[i] = (adjusts.Ids[one.BiasFirst + i], adjusts.Values[one.BiasFirst + i]);
                }

                return new HashAdjust(
                    [one.FrequencyPenalty, one.PresencePenalty, one.RepetitionPenalty],
                    bias,
                    [.. adjusts.Ids.Slice(one.SeenFirst, one.SeenCount)],
                    one.SeenPrompt,
                    adjusts.Ids.Slice(one.ScoreFirst, one.ScoreCount).ToArray(),
                    one.MaskFirst < 0 ? null : adjusts.Mask.Slice(one.MaskFirst, (HashModel.VocabSize + 31) / 32).ToArray());
            }
        }

        return null;
    }

    /// <summary>What a request's token number <paramref name="answer"/>.Count must be adjusted by.</summary>
    public static HashAdjust Expected(GenerationRequest request, List<int> answer)
    {
        var wanted = request.Adjust!;
        var bias = wanted.BiasIds.Zip(wanted.BiasValues).ToList();
        if (answer.Count + request.AnswerTokens < wanted.TokensMin)
        {
            bias.AddRange(request.StopTokens.Select(id => (id, float.NegativeInfinity)));
        }

        var prompt = request.Prompt[..^request.AnswerTokens];
        var earlier = request.Prompt[^request.AnswerTokens..];
        var head = wanted.RepetitionPenalty != 1 ? prompt : [];
        List<int> seen = wanted.Penalises ? [.. head, .. earlier, .. answer] : [];
        return new HashAdjust(
            [wanted.FrequencyPenalty, wanted.PresencePenalty, wanted.RepetitionPenalty],
            [.. bias],
            seen,
            wanted.Penalises ? head.Length : 0,
            []);
    }

    public void See(int token)
    {
        if (Penalises)
        {
            seen.Add(token);
        }
    }

    public int Sample(ulong hash, int position, in SamplingParameters sampling)
    {
        if (bias.Length == 0 && !Penalises)
        {
            return Allowed(HashModel.Sample(hash, position, sampling));
        }

        foreach (var penalty in penalties)
        {
            hash = HashModel.Extend(hash, BitConverter.SingleToInt32Bits(penalty));
        }

        foreach (var (id, value) in bias.Where(one => float.IsFinite(one.Value)))
        {
            hash = HashModel.Extend(HashModel.Extend(hash, id), BitConverter.SingleToInt32Bits(value));
        }

        for (var i = 0; i < seen.Count; i++)
        {
            hash = HashModel.Extend(hash, i < seenPrompt ? seen[i] : ~seen[i]);
        }

        var token = HashModel.Sample(hash, position, sampling);
        while (bias.Any(one => one.Id == token && !float.IsFinite(one.Value)))
        {
            token = (token + 1) % HashModel.VocabSize;
        }

        return Allowed(token);
    }

    private int Allowed(int token)
    {
        for (var i = 0; mask is not null && (mask[token / 32] >> (token % 32) & 1) == 0 && i < HashModel.VocabSize; i++)
        {
            token = (token + 1) % HashModel.VocabSize;
        }

        return token;
    }

    public List<(ulong Hash, int Token)> Scored(ReadOnlySpan<ulong> hashes)
    {
        var scored = new List<(ulong, int)>();
        for (var i = 0; i < targets.Length; i++)
        {
            scored.Add((hashes[i], targets[i]));
        }

        return scored;
    }
}
