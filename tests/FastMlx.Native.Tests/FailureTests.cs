using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>A step that fails while another is in flight: its slots are lost, everything else lives.</summary>
public sealed class FailureTests
{
    private const int Poison = 9; // the token whose embedding is no number

    [Theory]
    [InlineData(NativeBackend.Cpu)]
    [InlineData(NativeBackend.Mlx)]
    public void AFailingStep_LosesItsSlots_AndNothingElse(NativeBackend backend)
    {
        Backends.Require(backend);
        using Checkpoint checkpoint = Poisoned();
        using NativeModel model = checkpoint.Open(backend);
        int sick = model.OpenSlot(), well = model.OpenSlot();
        List<int> expected = Steps.Greedy(model, model.OpenSlot(), [1, 2, 3], 4);
        var row = new StepRow { Slot = sick, Count = 1, Sample = 1, TopP = 1 };
        var next = new int[1];

        model.BeginStep([row], [Poison]);
        model.BeginStep([row with { First = 1 }], [StepRow.LastToken]);
        Assert.Throws<ModelException>(() => model.EndStep(next));
        Assert.Throws<ModelException>(() => model.EndStep(next));
        Assert.Throws<ModelException>(() => model.BeginStep([row with { First = 2 }], [1]));
        Assert.Throws<ModelException>(() => model.ForkSlot(sick, 1));

        Assert.Equal(expected, Steps.Greedy(model, well, [1, 2, 3], 4));
        model.CloseSlot(sick);
        Assert.Equal(expected, Steps.Greedy(model, model.OpenSlot(), [1, 2, 3], 4)); // the same slot again
    }

    private static Checkpoint Poisoned()
    {
        var checkpoint = new Checkpoint(31);
        int[] shape = [Checkpoint.Vocabulary, Checkpoint.Hidden];
        var table = new float[Checkpoint.Vocabulary * Checkpoint.Hidden];
        for (int i = 0; i < table.Length; i++)
            table[i] = ((int)checkpoint.Next(2001) - 1000) / 4000f;
        checkpoint.Config["tie_word_embeddings"] = "false";
        checkpoint.PutHalves("lm_head.weight", shape, table);
        table.AsSpan(Poison * Checkpoint.Hidden, Checkpoint.Hidden).Fill(float.NaN);
        checkpoint.PutHalves("model.embed_tokens.weight", shape, table);
        return checkpoint;
    }
}
