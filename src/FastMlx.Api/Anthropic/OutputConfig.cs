namespace FastMlx.Api;

/// <summary>`output_config`, and the older `output_format`.</summary>
internal readonly record struct OutputConfig(string? Effort, string? SchemaJson)
{
    private static readonly string[] Efforts = ["low", "medium", "high", "xhigh", "max"];

    public static OutputConfig Read(JsonValue body, ReadContext context)
    {
        JsonValue config = body["output_config"u8];
        if (!config.IsNull && !config.IsObject)
            context.Problems.Add("output_config", "Input should be a valid dictionary");
        context.CheckNames(config, "output_config", "output_config", KnownFields.OutputConfig);
        string? schema = ReadFormat(config["format"u8], "output_config.format", context)
            ?? ReadFormat(body["output_format"u8], "output_format", context);
        return new OutputConfig(ReadEffort(config, "output_config.effort", context), schema);
    }

    public static string? ReadEffort(JsonValue config, string path, ReadContext context)
    {
        string? effort = context.OptionalText(config, "effort"u8, path);
        if (effort is null || Efforts.Contains(effort))
            return effort;
        if (context.IsStrict)
            context.Problems.Add(path, "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
        context.CountUnknown("output_config.effort", effort);
        return null;
    }

    private static string? ReadFormat(JsonValue format, string path, ReadContext context)
    {
        if (format.IsNull)
            return null;
        context.CheckNames(format, path, "output_config.format", KnownFields.Format);
        JsonValue type = format["type"u8];
        if (type.TextEquals("json_object"u8) && !context.IsStrict)
            return "{}";
        if (type.TextEquals("text"u8) && !context.IsStrict)
            return null;
        if (!type.TextEquals("json_schema"u8))
        {
            context.Wrong(path + ".type", type, "Input should be 'json_schema'");
            return null;
        }
        JsonValue schema = format["schema"u8];
        if (schema.IsObject)
            return SchemaText.Of(schema, path + ".schema", context);
        context.Wrong(path + ".schema", schema, "Input should be a valid dictionary");
        return null;
    }
}
