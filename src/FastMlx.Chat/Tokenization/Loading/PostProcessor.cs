namespace FastMlx.Chat.Tokenization;

/// <summary>Adds the special tokens that a file's post_processor asks for around a text's ids.</summary>
internal sealed class PostProcessor(IReadOnlyList<PostProcessor.Part[]> templates)
{
    /// <summary>
    /// A template's part: fixed ids, or the sequence number <paramref name="Sequence"/> where they are null.
    /// </summary>
    public readonly record struct Part(int[]? Ids, int Sequence);

    /// <summary>How many ids are added to one text.</summary>
    public int AddedCount => templates.Sum(template => template.Sum(part => part.Ids?.Length ?? 0));

    public void Apply(ReadOnlySpan<int> ids, bool addSpecial, List<int> output)
    {
        if (templates.Count == 0)
        {
            output.AddRange(ids);
            return;
        }
        List<int[]> sequences = [ids.ToArray()];
        foreach (Part[] template in templates)
        {
            var next = new List<int[]>();
            foreach (Part part in template)
            {
                if (part.Ids is null && part.Sequence < sequences.Count)
                    next.Add(sequences[part.Sequence]);
                else if (part.Ids is not null && addSpecial)
                    next.Add(part.Ids);
            }
            sequences = next;
        }
        foreach (int[] sequence in sequences)
            output.AddRange(sequence);
    }
}
