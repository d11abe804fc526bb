namespace FastMlx.Api;

/// <summary>A JSON schema as the client wrote it, within the limit of depth.</summary>
internal static class SchemaText
{
    public static string Of(JsonValue schema, string path, ReadContext context)
    {
        if (schema.Depth() > 2 * context.Limits.SchemaDepth)
            context.Problems.Add(path, $"the schema is nested deeper than {context.Limits.SchemaDepth} levels");
        return schema.RawText;
    }
}
