/** The library's messages in the words of the command: ways out that are options of the API are none here. */

// What a program would pass, write or raise.
const API =
  /\{ ?\w+(: [^}]{0,80})? ?\}|\b(max|on)[A-Z]\w+\b|\b(save|load|open|setWeights|dict2|pytree2|serialize)[A-Za-z]*\(|`(headers|signal|shards|arrays|keys|serialize)`/;

// A missing key whose name doesn't look like a file's.
const PERHAPS_FOLDER = /^s3:\/\/\S+\/[^/.\s]+: the server answered 404 NoSuchKey\b/;

/** A message without its advice to programs, which stands in the last clauses. */
export function explain(message: string): string {
  let text = message
    .replace(/ \(max[A-Z]\w+\)/g, "")
    .replace('save with structure "auto"', "use --structure auto")
    // The only handle that a command opens is of what came through a pipe.
    .replace(/^file handle \d+: /, "standard input: ");
  for (let at = text.lastIndexOf("; "); at > 0 && API.test(text.slice(at)); at = text.lastIndexOf("; ")) {
    text = text.slice(0, at);
  }
  return PERHAPS_FOLDER.test(text) ? `${text}; end the address of a folder with /` : text;
}
