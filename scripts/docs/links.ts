/** Where the pages of the repository are in the site, and the links between them. */
import { dirname, posix } from "node:path";

/** The page of the site that a file of the repository becomes. */
export function pageOf(source: string): string {
  if (source === "README.md") return "start.md";
  return source.startsWith("docs/") ? source.slice("docs/".length) : source.toLowerCase();
}

/**
 * A page with its links as the site has them: to other pages, to images. Links to files that the site doesn't have (the
 * sources, the examples) become plain text.
 *
 * @param source The page's path in the repository.
 * @param known The paths of all pages.
 */
export function rewriteLinks(text: string, source: string, known: ReadonlySet<string>): string {
  const here = dirname(source);
  const rewrite = (link: string): string | undefined => {
    if (/^[a-z][a-z+.-]*:/i.test(link) || link.startsWith("#")) return link;
    const [path = "", anchor] = link.split("#");
    const target = posix.join(here, path);
    if (/^docs\/(images|plots)\//.test(target)) return relative(source, target.slice("docs/".length));
    if (!known.has(target)) return undefined;
    return relative(source, pageOf(target)) + (anchor === undefined ? "" : `#${anchor}`);
  };
  return outsideCode(text, (prose) =>
    withoutBadges(prose).replace(
      /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g,
      (_, image, label, link) => {
        const target = rewrite(link);
        if (target !== undefined) return `${image}[${label}](${target})`;
        return label.includes("`") ? label : `\`${label}\``;
      },
    ),
  );
}

/** A text without images of other hosts: the site loads nothing from elsewhere. */
function withoutBadges(text: string): string {
  return text.replace(/\[!\[[^\]]*\]\(https?:[^)]*\)\]\([^)]*\) ?/g, "");
}

/** The link from a page of the repository to one of the site. */
function relative(source: string, page: string): string {
  const link = posix.relative(dirname(pageOf(source)), page);
  return link.startsWith(".") ? link : `./${link}`;
}

/** Changes a page except for its blocks of code. */
function outsideCode(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^```.*?^```$)/ms)
    .map((part, i) => (i % 2 === 0 ? change(part) : part))
    .join("");
}
