using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// Other makers' storage, each against the same numbers in a storage that the goldens prove: the logits must have the
/// same bits.
/// </summary>
public sealed class StorageTests
{
    private const int Group = 32;
    private static readonly int[] NibbleOfColumn = [0, 4, 1, 5, 2, 6, 3, 7];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Awq_EqualsAffine(bool zeros)
    {
        using var affine = new Checkpoint(1);
        using var awq = new Checkpoint(1);
        affine.Config["quantization"] = "{\"group_size\":32,\"bits\":4}";
        awq.Config["quantization_config"] = "{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32,\"zero_point\":true}";
        foreach ((string name, int rows, int cols) in Checkpoint.Matrices)
        {
            string path = "model.layers.0." + name;
            Codes codes = Codes.Random(affine, rows, cols, zeros);
            codes.PutAffine(affine, path);
            awq.Remove(path + ".weight");
            awq.PutWords(path + ".qweight", "I32", [cols, rows / 8], Pack(cols, rows, (i, o) => codes.Of(o, i)));
            if (zeros)
            {
                awq.PutWords(
                    path + ".qzeros", "I32", [cols / Group, rows / 8],
                    Pack(cols / Group, rows, (g, o) => codes.Zero(o, g)));
            }

            int groups = cols / Group;
            awq.PutHalves(
                path + ".scales", [groups, rows],
                [.. Enumerable.Range(0, groups * rows).Select(i => codes.Scales[(i % rows * groups) + (i / rows)])]);
        }

        Assert.Equal(affine.Logits(), awq.Logits());
    }

    [Fact]
    public void Awq_WithMixedGroups_IsRefused()
    {
        using var checkpoint = new Checkpoint(2);
        checkpoint.Config["quantization_config"] = "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32}";
        checkpoint.Remove("model.layers.0.mlp.up_proj.weight");
        checkpoint.PutWords("model.layers.0.mlp.up_proj.qweight", "I32", [64, 16], new uint[1024]);
        checkpoint.PutWords("model.layers.0.mlp.up_proj.g_idx", "I32", [64], new uint[64]);
        var failure = Assert.Throws<Engine.ModelException>(checkpoint.Open);
        Assert.Contains("g_idx", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PackedInt4_EqualsAffine()
    {
        using var affine = new Checkpoint(3);
        using var packed = new Checkpoint(3);
        affine.Config["quantization"] = "{\"group_size\":32,\"bits\":4}";
        packed.Config["quantization_config"] = "{\"quant_method\":\"compressed-tensors\",\"format\":\"pack-quantized\"}";
        foreach ((string name, int rows, int cols) in Checkpoint.Matrices)
        {
            string path = "model.layers.0." + name;
            Codes codes = Codes.Random(affine, rows, cols, zeros: false);
            codes.PutAffine(affine, path);
            packed.Remove(path + ".weight");
            packed.PutWords(path + ".weight_packed", "I32", [rows, cols / 8], codes.Words());
            packed.PutHalves(path + ".weight_scale", [rows, cols / Group], codes.Scales);
            packed.PutWords(path + ".weight_shape", "I32", [2], [(uint)rows, (uint)cols]);
        }

        Assert.Equal(affine.Logits(), packed.Logits());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EightBitFloats_EqualTheirProducts(bool blocks)
    {
        using var dense = new Checkpoint(4);
        using var small = new Checkpoint(4);
        small.Config["quantization_config"] = "{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}";
        foreach ((string name, int rows, int cols) in Checkpoint.Matrices)
        {
            string path = "model.layers.0." + name;
            float scale = (1 + dense.Next(9)) / 64f;
            var codes = new byte[rows * cols];
            var values = new byte[codes.Length * 2];
            for (int i = 0; i < codes.Length; i++)
            {
                codes[i] = (byte)((dense.Next(2) << 7) | dense.Next(64)); // up to 1.875
                uint bits = BitConverter.SingleToUInt32Bits(E4M3(codes[i]) * scale);
                bits += 0x7FFF + ((bits >> 16) & 1);
                values[2 * i] = (byte)(bits >> 16);
                values[(2 * i) + 1] = (byte)(bits >> 24);
            }

            dense.Put(path + ".weight", "BF16", [rows, cols], values);
            small.Put(path + ".weight", "F8_E4M3", [rows, cols], codes);
            small.Put(path + ".weight_scale_inv", "F32", blocks ? [1, 1] : [], BitConverter.GetBytes(scale));
            small.Put(path + ".activation_scale", "F32", [], BitConverter.GetBytes(1f));
        }

        Assert.Equal(dense.Logits(), small.Logits());
    }

    private static float E4M3(byte code)
    {
        int exponent = (code >> 3) & 15, fraction = code & 7;
        float magnitude = exponent == 0 ? fraction / 512f : (1 + (fraction / 8f)) * MathF.Pow(2, exponent - 7);
        return code >= 128 ? -magnitude : magnitude;
    }

    // AWQ's order of the eight columns of a word.
    private static uint[] Pack(int rows, int cols, Func<int, int, uint> code)
    {
        var words = new uint[rows * cols / 8];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < cols; c++)
                words[((r * cols) + c) / 8] |= code(r, c) << (4 * NibbleOfColumn[c % 8]);
        }

        return words;
    }

    private sealed record Codes(int Rows, int Cols, uint[] Values, uint[] Zeros, float[] Scales)
    {
        private int Groups => Cols / Group;

        public static Codes Random(Checkpoint random, int rows, int cols, bool zeros)
        {
            int groups = rows * cols / Group;
            return new Codes(
                rows, cols, Draw(random, rows * cols, 16), zeros ? Draw(random, groups, 16) : Fill(groups, 8),
                [.. Draw(random, groups, 100).Select(value => (float)(Half)((1 + value) / 3000f))]);
        }

        public uint Of(int row, int column) => Values[(row * Cols) + column];

        public uint Zero(int row, int group) => Zeros[(row * Groups) + group];

        public uint[] Words()
        {
            var words = new uint[Values.Length / 8];
            for (int i = 0; i < Values.Length; i++)
                words[i / 8] |= Values[i] << (4 * (i % 8));
            return words;
        }

        public void PutAffine(Checkpoint target, string path)
        {
            target.PutWords(path + ".weight", "U32", [Rows, Cols / 8], Words());
            target.PutHalves(path + ".scales", [Rows, Groups], Scales);
            target.PutHalves(path + ".biases", [Rows, Groups], [.. Scales.Select((scale, i) => -Zeros[i] * scale)]);
        }

        private static uint[] Draw(Checkpoint random, int count, uint below) =>
            [.. Enumerable.Range(0, count).Select(_ => random.Next(below))];

        private static uint[] Fill(int count, uint value) => [.. Enumerable.Repeat(value, count)];
    }
}
