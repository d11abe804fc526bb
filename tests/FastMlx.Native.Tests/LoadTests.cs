using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>What a checkpoint must not be loaded with, and what it may carry.</summary>
public sealed class LoadTests
{
    [Fact]
    public void APlainCheckpoint_Loads()
    {
        using var checkpoint = new Checkpoint(7);
        Assert.All(checkpoint.Logits(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [InlineData("hidden_multiplier", "2.0", "'hidden_multiplier'")]
    [InlineData("rope_scaling", "{\"rope_type\":\"linear\",\"factor\":2.0,\"warp\":3}", "'warp'")]
    [InlineData("rope_scaling", "{\"rope_type\":\"spiral\",\"factor\":2.0}", "'spiral'")]
    [InlineData("hidden_act", "\"gelu\"", "'gelu'")]
    [InlineData("layer_types", "[\"chunked_attention\"]", "'chunked_attention'")]
    [InlineData("rms_norm_eps", "\"small\"", "'rms_norm_eps'")]
    [InlineData("model_type", "\"llama9\"", "qwen3_5_moe")]
    public void AFieldThatIsNotUnderstood_IsAnErrorThatNamesIt(string field, string value, string named)
    {
        using var checkpoint = new Checkpoint(8);
        checkpoint.Config[field] = value;
        var failure = Assert.Throws<ModelException>(checkpoint.Open);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("architectures", "[\"LlamaForCausalLM\"]")]
    [InlineData("torch_dtype", "\"float16\"")]
    [InlineData("sliding_window", "4096")]
    [InlineData("pretraining_tp", "1")]
    [InlineData("rope_scaling", "null")]
    [InlineData("something_new", "null")]
    public void AHarmlessField_ChangesNothing(string field, string value)
    {
        using var plain = new Checkpoint(9);
        using var checkpoint = new Checkpoint(9);
        checkpoint.Config[field] = value;
        Assert.Equal(plain.Logits(), checkpoint.Logits());
    }

    [Fact]
    public void RopeParameters_EqualTheOlderFields()
    {
        using var older = new Checkpoint(10);
        using var newer = new Checkpoint(10);
        older.Config["rope_theta"] = "500000.0";
        older.Config["rope_scaling"] = "{\"rope_type\":\"linear\",\"factor\":4.0}";
        newer.Config["rope_parameters"] = "{\"rope_type\":\"linear\",\"factor\":4.0,\"rope_theta\":500000.0}";
        Assert.Equal(older.Logits(), newer.Logits());
    }

    [Fact]
    public void ATensorWithoutAPlace_IsAnErrorThatNamesIt()
    {
        using var checkpoint = new Checkpoint(11);
        checkpoint.PutHalves("model.layers.0.self_attn.secret.weight", [2], [1, 2]);
        var failure = Assert.Throws<ModelException>(checkpoint.Open);
        Assert.Contains("self_attn.secret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scratch_CoversWhatALargeStepUses()
    {
        using var checkpoint = new Checkpoint(12);
        using NativeModel model = checkpoint.Open();
        ulong told = model.Info.ScratchBytes;
        Assert.InRange(told, 512UL * Checkpoint.Inner * 4, 64UL << 20);
    }
}
