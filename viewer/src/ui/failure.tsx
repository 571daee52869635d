// Shows an error as a person needs it.

import { explain } from "../open/explain.ts";
import { visible } from "../tree/spell.ts";

/** What went wrong and what to do; nothing where there is no error. */
export function Failure({ error }: { readonly error: unknown }) {
  const explanation = error === undefined ? undefined : explain(error);
  if (!explanation) return null;
  const { title, advice, details } = explanation;
  return (
    <div class="failure" role="alert">
      <strong>{title}.</strong> {visible(advice)}
      {details.length > 0 ? (
        <ul>
          {details.map((detail) => (
            <li key={detail}>
              <code>{visible(detail)}</code>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
