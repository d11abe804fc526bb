using System.Text;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Runs pre-tokenizer steps and patterns on their own.</summary>
internal static class Pieces
{
    private static readonly ScratchPool Pool = new();

    public static string[] Of(PreTokenizerStep[] steps, string text)
    {
        EncodeScratch scratch = Pool.Rent();
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        scratch.Pieces.Reset(utf8, 0, utf8.Length, atTextStart: true);
        foreach (PreTokenizerStep step in steps)
            step.Apply(scratch.Pieces, scratch);
        var pieces = new List<string>();
        foreach (Cut cut in scratch.Pieces.Items.Span)
            pieces.Add(Encoding.UTF8.GetString(scratch.Pieces.Text[cut.Start..cut.End]));
        Pool.Return(scratch);
        return [.. pieces];
    }

    public static string[] Of(CutPattern pattern, string text) =>
        Of([new SplitStep(pattern, SplitBehavior.Isolated, invert: false)], text);
}
