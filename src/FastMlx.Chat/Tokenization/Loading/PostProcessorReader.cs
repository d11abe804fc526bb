using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads the post_processor of tokenizer.json. An unknown type is an error.</summary>
internal static class PostProcessorReader
{
    private const int MaxDepth = 16;

    public static PostProcessor Read(JsonElement element)
    {
        var templates = new List<PostProcessor.Part[]>();
        if (element.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            Add(new JsonFields(element, "the post-processor"), templates, depth: 0);
        return new PostProcessor(templates);
    }

    private static void Add(JsonFields fields, List<PostProcessor.Part[]> templates, int depth)
    {
        if (depth > MaxDepth)
            throw new TokenizerException("tokenizer.json: post-processors are nested too deeply.");
        switch (fields.Type)
        {
            case "Sequence":
                foreach (JsonElement part in fields.List("processors"))
                    Add(new JsonFields(part, "a post-processor"), templates, depth + 1);
                break;
            case "ByteLevel":
                // It changes offsets only.
                _ = fields.Flag("add_prefix_space");
                _ = fields.Flag("trim_offsets");
                break;
            case "TemplateProcessing":
                templates.Add(Template(fields, "single"));
                _ = Template(fields, "pair");
                break;
            case "BertProcessing" or "RobertaProcessing":
                templates.Add([Pair(fields, "cls"), new(null, 0), Pair(fields, "sep")]);
                break;
            default:
                throw fields.UnknownType();
        }
    }

    private static PostProcessor.Part[] Template(JsonFields fields, string name)
    {
        var special = new JsonFields(fields.Get("special_tokens"), "special_tokens");
        var parts = new List<PostProcessor.Part>();
        foreach (JsonElement element in fields.List(name))
        {
            if (element.ValueKind == JsonValueKind.Object
                && element.TryGetProperty("Sequence", out JsonElement sequence))
            {
                string id = new JsonFields(sequence, "a Sequence").Text("id");
                parts.Add(new(null, id == "A" ? 0 : id == "B" ? 1 : throw fields.Wrong(name, "made of A and B")));
            }
            else if (element.ValueKind == JsonValueKind.Object
                && element.TryGetProperty("SpecialToken", out JsonElement token))
            {
                string id = new JsonFields(token, "a SpecialToken").Text("id");
                var entry = new JsonFields(special.Get(id), "the special token " + id);
                parts.Add(new([.. entry.List("ids").Select(value => Id(value, entry))], 0));
            }
            else
            {
                throw fields.Wrong(name, "a list of Sequence and SpecialToken");
            }
        }
        return [.. parts];
    }

    private static PostProcessor.Part Pair(JsonFields fields, string name)
    {
        JsonElement pair = fields.Get(name);
        if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2)
            throw fields.Wrong(name, "a pair of token and id");
        return new([Id(pair[1], fields)], 0);
    }

    private static int Id(JsonElement value, JsonFields fields) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0
            ? id
            : throw fields.Wrong("ids", "a list of ids");
}
