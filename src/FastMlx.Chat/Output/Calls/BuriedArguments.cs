namespace FastMlx.Chat.Output;

/// <summary>
/// A required scalar that the model wrote into the items of a container (the file path of a list of edits): taken out
/// of there and kept for the top level.
/// </summary>
internal static class BuriedArguments
{
    public static void Collect(
        ToolSchema tool,
        string key,
        JsonValue container,
        HashSet<string> present,
        List<KeyValuePair<string, JsonValue>> buried)
    {
        SchemaNode schema = tool.SchemaOf(key);
        if (container.Kind == JsonKind.Array && schema.Items is { Properties: not null } items)
        {
            foreach (JsonValue item in container.Items)
                CollectFrom(tool, item, items, present, buried);
        }
        else if (container.Kind == JsonKind.Object && schema.Properties is not null)
        {
            CollectFrom(tool, container, schema, present, buried);
        }
    }

    private static void CollectFrom(
        ToolSchema tool,
        JsonValue item,
        SchemaNode schema,
        HashSet<string> present,
        List<KeyValuePair<string, JsonValue>> buried)
    {
        for (int index = item.Members.Count - 1; index >= 0; index--)
        {
            (string name, JsonValue value) = item.Members[index];
            bool isBuried = value.IsScalar && !schema.Properties!.ContainsKey(name)
                && tool.Parameters.Required.Contains(name) && !present.Contains(name);
            if (!isBuried)
                continue;
            item.Members.RemoveAt(index);
            if (!buried.Exists(other => other.Key == name))
                buried.Add(new(name, value));
        }
    }
}
