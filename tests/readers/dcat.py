"""dcat.py DESCRIPTION SHAPES: fails unless the description is JSON-LD that conforms to the shapes."""

import sys

import pyshacl
from rdflib import Graph
from rdflib.namespace import DCAT, RDF

description, shapes = sys.argv[1:]
graph = Graph().parse(description, format="json-ld", publicID="https://exemple.fr/diffusion/")
conforms, _, report = pyshacl.validate(graph, shacl_graph=shapes)
print(report)
found = len(set(graph.subjects(RDF.type, DCAT.Distribution)))
sys.exit(0 if conforms and found else 1)
