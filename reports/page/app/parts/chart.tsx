/** A chart of Observable Plot: drawn anew when the theme or the width changes, described in words beside it. */
import { useEffect, useRef } from "preact/hooks";

interface Props {
  /** What it shows, for whoever does not see it. */
  readonly label: string;
  readonly draw: (width: number) => Element;
}

export function Chart({ label, draw }: Props) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let drawnWidth = 0;
    const drawAt = (width: number) => {
      if (width === 0) return;
      drawnWidth = width;
      element.replaceChildren(draw(width));
    };
    const observer = new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - drawnWidth) > 1) drawAt(element.clientWidth);
    });
    const theme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => drawAt(element.clientWidth);
    redraw();
    observer.observe(element);
    theme.addEventListener("change", redraw);
    return () => {
      observer.disconnect();
      theme.removeEventListener("change", redraw);
    };
  }, [draw]);
  return <figure class="chart" role="img" aria-label={label} ref={place} />;
}
