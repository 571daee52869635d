import { loadPytree } from "pytree2safetensors";

globalThis.loadPytree = loadPytree;
