// The page as a whole: what is open, where the person is, and the bar above.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { CompareView } from "./compare/compare-view.tsx";
import { collectTransfer } from "./open/collect.ts";
import type { Input } from "./open/input.ts";
import { closeAll, type OpenedFile, openInput, type Session } from "./open/open.ts";
import { OpenPanel } from "./open/open-panel.tsx";
import { StepsView } from "./steps/steps-view.tsx";
import { FileView } from "./tree/file-view.tsx";
import { visible } from "./tree/spell.ts";
import { Failure } from "./ui/failure.tsx";
import { hashOf } from "./ui/hooks.ts";
import { ThemeButton } from "./ui/theme.tsx";

/** The page. */
export function App() {
  const [session, setSession] = useState<Session>();
  const [parent, setParent] = useState<Session>();
  const [error, setError] = useState<unknown>();
  const [opening, setOpening] = useState(false);
  const [choosing, setChoosing] = useState<"open" | "compare">();
  const [dragged, setDragged] = useState(false);
  const abort = useRef(new AbortController());
  const current = useRef<Session | undefined>(undefined);
  current.current = session;

  /** Opens something in place of what is shown, or beside it. */
  const open = useCallback(async (input: Input, beside?: OpenedFile) => {
    abort.current.abort();
    abort.current = new AbortController();
    const { signal } = abort.current;
    setOpening(true);
    setError(undefined);
    setChoosing(undefined);
    try {
      const next = await openInput(input, signal);
      const isPair = beside !== undefined && next.kind === "file";
      if (beside === undefined) {
        closeAll(filesOf(current.current));
        setParent(undefined);
      }
      show(isPair ? { kind: "pair", a: beside, b: next.file } : next);
    } catch (reason) {
      if (!signal.aborted) setError(reason);
    } finally {
      if (!signal.aborted) setOpening(false);
    }
  }, []);
  const show = (next: Session | undefined) => {
    setSession(next);
    setError(undefined);
    document.title = next ? `${titleOf(next)} – checkpoint viewer` : "Checkpoint viewer";
  };

  // What the address names is opened at once; so is what is dropped or pasted anywhere.
  useEffect(() => {
    const addresses = new URLSearchParams(location.search).getAll("url");
    if (addresses.length > 0) open({ kind: "addresses", addresses });
    const take = async (transfer: DataTransfer | null) => {
      const input = transfer && (await collectTransfer(transfer));
      if (input) open(input);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setDragged(false);
      take(event.dataTransfer);
    };
    const onDragOver = (event: DragEvent) => {
      event.preventDefault();
      setDragged(true);
    };
    const onDragLeave = (event: DragEvent) => event.relatedTarget === null && setDragged(false);
    const onPaste = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLInputElement) return;
      take(event.clipboardData);
    };
    addEventListener("drop", onDrop);
    addEventListener("dragover", onDragOver);
    addEventListener("dragleave", onDragLeave);
    addEventListener("paste", onPaste);
    return () => {
      removeEventListener("drop", onDrop);
      removeEventListener("dragover", onDragOver);
      removeEventListener("dragleave", onDragLeave);
      removeEventListener("paste", onPaste);
    };
  }, [open]);

  const goInto = (next: Session) => {
    setParent(session);
    location.hash = "";
    show(next);
  };
  const isOpen = session !== undefined && choosing === undefined;
  return (
    <div class={dragged ? "page dragged" : "page"}>
      <header>
        <h1>{session ? visible(titleOf(session)) : "Checkpoint viewer"}</h1>
        <nav aria-label="Checkpoint">
          {parent ? (
            <button
              type="button"
              onClick={() => {
                show(parent);
                setParent(undefined);
              }}
            >
              ‹ Back to {parent.kind === "pair" ? "comparison" : "steps"}
            </button>
          ) : null}
          {session?.kind === "pair" ? (
            <>
              <button type="button" onClick={() => goInto({ kind: "file", file: session.a })}>
                Tree of A
              </button>
              <button type="button" onClick={() => goInto({ kind: "file", file: session.b })}>
                Tree of B
              </button>
            </>
          ) : null}
          {session?.kind === "file" ? (
            <button type="button" onClick={() => setChoosing(choosing === "compare" ? undefined : "compare")}>
              Compare with…
            </button>
          ) : null}
          {session ? (
            <button type="button" onClick={() => setChoosing(choosing === "open" ? undefined : "open")}>
              Open…
            </button>
          ) : null}
          <ThemeButton />
        </nav>
      </header>
      <main>
        {opening ? (
          <p class="note" role="status">
            Opening…
          </p>
        ) : null}
        <Failure error={error} />
        {isOpen && session ? (
          <SessionView session={session} onShow={goInto} />
        ) : (
          <OpenPanel
            title={choosing === "compare" ? "Choose a checkpoint to compare with" : "Open a checkpoint"}
            onOpen={(input) =>
              open(input, choosing === "compare" && session?.kind === "file" ? session.file : undefined)
            }
          />
        )}
      </main>
    </div>
  );
}

function SessionView({
  session,
  onShow,
}: {
  readonly session: Session;
  readonly onShow: (next: Session) => void;
}) {
  switch (session.kind) {
    case "file":
      return <FileView key={session.file.title} opened={session.file} />;
    case "pair":
      return (
        <CompareView
          a={session.a}
          b={session.b}
          onSelect={(name) => {
            location.hash = name === undefined ? "" : hashOf({ pair: name });
          }}
        />
      );
    case "steps":
      return (
        <StepsView
          steps={session.steps}
          onOpen={(file) => onShow({ kind: "file", file })}
          onCompare={(a, b) => onShow({ kind: "pair", a, b })}
        />
      );
  }
}

function filesOf(session: Session | undefined): readonly OpenedFile[] {
  if (session === undefined) return [];
  if (session.kind === "file") return [session.file];
  return session.kind === "pair" ? [session.a, session.b] : session.steps;
}

function titleOf(session: Session): string {
  if (session.kind === "file") return session.file.title;
  if (session.kind === "pair") return `${session.a.title} and ${session.b.title}`;
  return `${session.steps.length} steps`;
}
