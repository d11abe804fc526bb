using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace FastMlx.Native.Tests;

/// <summary>A checkpoint folder that a test writes: one Llama layer of random numbers, with other parts swapped in.</summary>
internal sealed class Checkpoint : IDisposable
{
    public const int Hidden = 64, Inner = 128, Vocabulary = 96;

    private readonly Dictionary<string, (string Type, int[] Shape, byte[] Bytes)> _tensors = [];
    private uint _state;

    public Checkpoint(uint seed)
    {
        _state = seed;
        Half("model.embed_tokens.weight", Vocabulary, Hidden);
        Half("model.norm.weight", Hidden);
        Half("model.layers.0.input_layernorm.weight", Hidden);
        Half("model.layers.0.post_attention_layernorm.weight", Hidden);
        foreach ((string name, int rows, int cols) in Matrices)
            Half($"model.layers.0.{name}.weight", rows, cols);
    }

    public static (string Name, int Rows, int Cols)[] Matrices { get; } =
    [
        ("self_attn.q_proj", Hidden, Hidden), ("self_attn.k_proj", Hidden, Hidden), ("self_attn.v_proj", Hidden, Hidden),
        ("self_attn.o_proj", Hidden, Hidden), ("mlp.gate_proj", Inner, Hidden), ("mlp.up_proj", Inner, Hidden),
        ("mlp.down_proj", Hidden, Inner),
    ];

    public string Folder { get; } = Directory.CreateTempSubdirectory("fastmlx-checkpoint-").FullName;

    public Dictionary<string, string> Config { get; } = new()
    {
        ["model_type"] = "\"llama\"",
        ["hidden_size"] = "64",
        ["num_hidden_layers"] = "1",
        ["intermediate_size"] = "128",
        ["num_attention_heads"] = "4",
        ["rms_norm_eps"] = "1e-6",
        ["vocab_size"] = "96",
        ["tie_word_embeddings"] = "true",
        ["max_position_embeddings"] = "512",
    };

    public uint Next(uint below)
    {
        _state = (_state * 1664525) + 1013904223;
        return (_state >> 8) % below;
    }

    public void Remove(string name) => _tensors.Remove(name);

    public void Put(string name, string type, int[] shape, byte[] bytes) => _tensors[name] = (type, shape, bytes);

    public void PutHalves(string name, int[] shape, float[] values)
    {
        var bytes = new byte[values.Length * 2];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(2 * i), (Half)values[i]);
        Put(name, "F16", shape, bytes);
    }

    public void PutWords(string name, string type, int[] shape, uint[] words)
    {
        var bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), words[i]);
        Put(name, type, shape, bytes);
    }

    public NativeModel Open() => Open(NativeBackend.Cpu);

    public NativeModel Open(NativeBackend backend)
    {
        string fields = string.Join(",", Config.Select(field => $"\"{field.Key}\":{field.Value}"));
        File.WriteAllText(Path.Combine(Folder, "config.json"), "{" + fields + "}");
        var header = new StringBuilder("{");
        int at = 0;
        foreach ((string name, (string type, int[] shape, byte[] bytes)) in _tensors)
        {
            header.Append(header.Length > 1 ? "," : "").Append(
                $"{JsonEncodedText.Encode(name).ToString().Insert(0, "\"")}\":{{\"dtype\":\"{type}\",\"shape\":"
                + $"[{string.Join(",", shape)}],\"data_offsets\":[{at},{at + bytes.Length}]}}");
            at += bytes.Length;
        }

        byte[] text = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        using FileStream file = File.Create(Path.Combine(Folder, "model.safetensors"));
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        file.Write(length);
        file.Write(text);
        foreach ((_, _, byte[] bytes) in _tensors.Values)
            file.Write(bytes);
        file.Dispose();
        return NativeModel.Open(Folder, new NativeModelOptions { Backend = backend, Threads = 1 });
    }

    public float[] Logits()
    {
        using NativeModel model = Open();
        var logits = new float[model.Info.VocabSize];
        model.Logits(model.OpenSlot(), 0, [5, 90, 17, 33, 2], all: false, logits);
        return logits;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Half(string name, params int[] shape)
    {
        var values = new float[shape.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
            values[i] = ((int)Next(2001) - 1000) / 4000f;
        PutHalves(name, shape, values);
    }
}
