// A name that is cut in the middle where it has no room: names of one model often begin alike and differ at their end.

// Half of what fits the narrowest list, so that both ends tell rows apart.
const END = 10;

/** The text in two parts, of which the first gives way. */
export function MiddleCut({ text }: { readonly text: string }) {
  const characters = [...text];
  if (characters.length <= END + 4) return <>{text}</>;
  return (
    <span class="middle-cut">
      <span>{characters.slice(0, -END).join("")}</span>
      <span>{characters.slice(-END).join("")}</span>
    </span>
  );
}
