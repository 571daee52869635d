// VitePress' own look without its fonts: the fonts of the system, nothing from other hosts.
import Theme from "vitepress/theme-without-fonts";
import "./style.css";

export default Theme;
